/** Where the bytes of files lie, and the disk of this machine. Nothing is written to either. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../kit/config.ts';
import { fine, mend, note, type Finding } from '../../kit/finding.ts';
import { Bucket } from '../../storage/bucket.ts';
import { bucketOf, filesFolder } from '../../storage/index.ts';
import { codeOf, reasonOf, unreached } from './look.ts';

const about = 'storage';

export async function aboutStorage(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  return config.STORAGE === 's3' ? [await aboutBucket(config, signal)] : aboutFolders([config.DATA_DIR, filesFolder(config)]);
}

async function aboutFolders([dataDir = '', files = '']: readonly string[]): Promise<readonly Finding[]> {
  if (!(await isThere(dataDir))) return [note(about, `${dataDir} is not there yet; the first start makes it`)];
  for (const folder of [dataDir, files]) {
    const code = await access(folder, constants.W_OK | constants.X_OK).then(() => '', codeOf);
    if (code === 'EROFS')
      return [mend(about, `${folder} is on a disk that is read-only`, 'Give DATA_DIR a folder that may be written to, as a volume')];
    if (code !== '' && code !== 'ENOENT')
      return [mend(about, `We may not write to ${folder} (${code})`, 'Make it that of the user who runs Underpin: chown -R')];
  }
  return [fine(about, `Files lie in ${files}, which may be written to`)];
}

async function aboutBucket(config: Config, signal: AbortSignal): Promise<Finding> {
  const { bucket, endpoint = 'https://s3.amazonaws.com' } = bucketOf(config);
  try {
    const isBucket = await new Bucket(bucketOf(config)).look(signal);
    if (isBucket) return fine(about, `The bucket ${bucket} answers`);
    return mend(about, `What answers at ${new URL(endpoint).host} is no S3 server`, 'Look at S3_ENDPOINT');
  } catch (error) {
    const said = `${nameOf(error)} ${reasonOf(error, config)}`.trim();
    const away = unreached(error, new URL(endpoint).host);
    if (away !== undefined) return mend(about, away, 'Look at S3_ENDPOINT, and whether the S3 server is up');
    const known = refusals.find(([names]) => names.test(said));
    return known === undefined
      ? mend(about, `The bucket ${bucket} does not answer: ${said}`, 'Look at S3_ENDPOINT and at what the S3 server logs')
      : mend(about, `${known[1]} (${said})`, known[2]);
  }
}

const nameOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'name' in error && error.name !== 'Error' ? String(error.name) : '';

/** What S3 servers say, in the order in which it is looked for. */
const refusals: readonly (readonly [names: RegExp, found: string, how: string])[] = [
  [/NoSuchBucket/, 'There is no such bucket', 'Make it, or look at S3_BUCKET'],
  [/InvalidAccessKeyId/, 'The S3 server does not know the key', 'Look at S3_ACCESS_KEY_ID'],
  [/SignatureDoesNotMatch/, 'The secret is not that of the key', 'Look at S3_SECRET_ACCESS_KEY'],
  [/RequestTimeTooSkewed/, 'Our clock is not that of the S3 server', 'Have this machine set its clock by NTP'],
  [
    /PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint/,
    'The bucket is in another region',
    'Look at S3_REGION and S3_ENDPOINT',
  ],
  [/AccessDenied|Forbidden/, 'The key may not look into the bucket', 'Give it what docs/how-to/s3.md says under "What the key may"'],
  [/wrong version number|EPROTO/, 'The S3 server does not speak TLS there', 'Look at S3_ENDPOINT: http:// or https://'],
  [/certificate/i, 'The certificate of the S3 server is not one that we trust', 'Have NODE_EXTRA_CA_CERTS name that of its issuer'],
  [/Deserialization|XML/, 'What answers there is no S3 server', 'Look at S3_ENDPOINT'],
];

/** The disks of the data folder, and of the files where they lie on one of their own. */
export async function aboutDisk(config: Config): Promise<readonly Finding[]> {
  const folders = await Promise.all([config.DATA_DIR, ...(config.STORAGE === 'local' ? [filesFolder(config)] : [])].map(thereOrAbove));
  const devices = await Promise.all(folders.map(async (folder) => (await stat(folder)).dev));
  const apart = folders.filter((_folder, place) => devices.indexOf(devices[place] ?? 0) === place);
  return Promise.all(
    apart.map(async (folder) => {
      const { bavail, blocks, bsize } = await statfs(folder);
      return diskBy(folder, bavail * bsize, blocks * bsize);
    }),
  );
}

export function diskBy(folder: string, free: number, all: number): Finding {
  const share = all > 0 ? free / all : 0;
  const text = `${(free / 1e9).toFixed(1)} GB (${Math.floor(share * 100)} %) are free where ${folder} lies`;
  if (free < 1e9 || share < 0.05) return mend('disk', text, 'Make room: with a full disk nothing is written any more');
  return share < 0.15 ? note('disk', text) : fine('disk', text);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const thereOrAbove = async (path: string): Promise<string> =>
  (await isThere(path)) || dirname(path) === path ? path : thereOrAbove(dirname(path));
