/**
 * An S3 server of a suite's own: OpenStack Swift with its S3 interface, on free ports, with one bucket. It takes a moment to start and
 * a quarter of a gigabyte, so suites share one: it is started by the first that asks.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { BucketOptions } from '../../src/storage/bucket.ts';
import { freePort, until } from './process.ts';

export const hasS3 = process.env['UNDERPIN_TEST_S3'] === 'on' || process.env['CI'] === 'true';

export interface TestS3 {
  /** An empty bucket of its own. */
  bucket(name: string): Promise<BucketOptions>;
  end(): Promise<void>;
}

const kinds = ['object', 'container', 'account'] as const;

export async function startS3(): Promise<TestS3> {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-s3-'));
  const settings = join(folder, 'etc');
  mkdirSync(settings);
  mkdirSync(join(folder, 'srv/d1'), { recursive: true });
  const write = (name: string, lines: readonly string[]): void => writeFileSync(join(settings, name), `${lines.join('\n')}\n`);
  write('swift.conf', ['[swift-hash]', 'swift_hash_path_suffix = test', 'swift_hash_path_prefix = test']);
  const ports = new Map<string, number>();
  for (const kind of [...kinds, 'proxy', 'memcached']) ports.set(kind, await freePort());
  for (const kind of kinds) {
    const build = (...args: string[]): void => {
      const { status, stderr } = spawnSync('swift-ring-builder', [`${kind}.builder`, ...args], { cwd: settings, encoding: 'utf8' });
      // 1 is a warning: the ring is as small as a ring can be.
      if (status !== 0 && status !== 1) throw new Error(`swift-ring-builder: ${stderr}`);
    };
    build('create', '4', '1', '1');
    build('add', `r1z1-127.0.0.1:${ports.get(kind)}/d1`, '1');
    build('rebalance');
    write(`${kind}.conf`, [
      '[DEFAULT]',
      'bind_ip = 127.0.0.1',
      `bind_port = ${ports.get(kind)}`,
      'workers = 0',
      `user = ${userInfo().username}`,
      `swift_dir = ${settings}`,
      `devices = ${join(folder, 'srv')}`,
      'mount_check = false',
      `log_address = ${join(folder, 'no-log')}`,
      '[pipeline:main]',
      `pipeline = ${kind}-server`,
      `[app:${kind}-server]`,
      `use = egg:swift#${kind}`,
      'fallocate_reserve = 0',
    ]);
  }
  const filters = ['catch_errors', 'proxy-logging', 'cache', 'listing_formats', 'bulk', 's3api', 'tempauth', 'slo', 'dlo'];
  const more: Readonly<Record<string, readonly string[]>> = {
    cache: [`memcache_servers = 127.0.0.1:${ports.get('memcached')}`],
    s3api: ['s3_acl = false', 'location = us-east-1', 'check_bucket_owner = false'],
    tempauth: ['user_test_tester = testing .admin'],
    slo: ['min_segment_size = 1'],
  };
  write('proxy.conf', [
    '[DEFAULT]',
    'bind_ip = 127.0.0.1',
    `bind_port = ${ports.get('proxy')}`,
    'workers = 0',
    `user = ${userInfo().username}`,
    `swift_dir = ${settings}`,
    `log_address = ${join(folder, 'no-log')}`,
    '[pipeline:main]',
    `pipeline = ${filters.join(' ')} proxy-logging proxy-server`,
    '[app:proxy-server]',
    'use = egg:swift#proxy',
    'account_autocreate = true',
    // On a busy machine a server that was slow once is asked again.
    'error_suppression_limit = 1000',
    'node_timeout = 60',
    'conn_timeout = 10',
    ...filters.flatMap((name) => [
      `[filter:${name}]`,
      `use = egg:swift#${name === 'cache' ? 'memcache' : name.replace('-', '_')}`,
      ...(more[name] ?? []),
    ]),
  ]);
  const children: ChildProcess[] = [];
  const start = (program: string, args: readonly string[]): void => void children.push(spawn(program, args, { stdio: 'ignore' }));
  start('memcached', ['-u', userInfo().username, '-l', '127.0.0.1', '-p', String(ports.get('memcached'))]);
  for (const kind of kinds) start(`swift-${kind}-server`, [join(settings, `${kind}.conf`)]);
  start('swift-proxy-server', [join(settings, 'proxy.conf')]);
  const endpoint = `http://127.0.0.1:${ports.get('proxy')}`;
  const end = async (): Promise<void> => {
    for (const child of children.filter(({ exitCode }) => exitCode === null)) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  // The others before the proxy is asked anything: those that it does not find it does not look for again for a minute.
  const listens = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.end());
    });
  try {
    for (const [kind, port] of ports) await until(`${kind} of the S3 server listens`, () => listens(port), 60_000);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    bucket: async (bucket) => {
      const options = { endpoint, region: 'us-east-1', bucket, accessKeyId: 'test:tester', secretAccessKey: 'testing' };
      const client = new S3Client({
        endpoint,
        region: options.region,
        credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
        forcePathStyle: true,
      });
      // It may listen a moment before it does its work.
      const isMade = (): Promise<boolean> =>
        client.send(new CreateBucketCommand({ Bucket: bucket })).then(
          () => true,
          (error: unknown) => {
            if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 503) return false;
            throw error;
          },
        );
      await until('the S3 server makes a bucket', isMade, 90_000);
      client.destroy();
      return options;
    },
    end,
  };
}
