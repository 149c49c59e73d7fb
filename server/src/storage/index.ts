/** The stores that there are, and the one that the configuration names. */
import { join } from 'node:path';
import type { Config } from '../kit/config.ts';
import type { BucketOptions } from './bucket.ts';
import type { Driver } from './driver.ts';
import { LocalDriver } from './local.ts';
import { S3Driver } from './s3.ts';

export const filesFolder = ({ DATA_DIR }: Config): string => join(DATA_DIR, 'files');
export const bucketOf = (config: Config): BucketOptions => ({
  endpoint: config.S3_ENDPOINT,
  region: config.S3_REGION,
  // What STORAGE=s3 needs was asked for when the configuration was read.
  bucket: config.S3_BUCKET ?? '',
  accessKeyId: config.S3_ACCESS_KEY_ID ?? '',
  secretAccessKey: config.S3_SECRET_ACCESS_KEY ?? '',
});

const stores = {
  local: (config: Config): Driver => new LocalDriver(filesFolder(config)),
  s3: (config: Config): Driver => new S3Driver(bucketOf(config)),
} as const;

export const openStorage = (config: Config): Driver => stores[config.STORAGE](config);
