/** The few requests to an S3 server that the driver needs, and what their answers mean. */
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Gone, type Range } from './driver.ts';

export interface BucketOptions {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Part {
  readonly key: string;
  readonly upload: string;
  readonly number: number;
  readonly bytes: readonly Uint8Array[];
}
interface Upload {
  readonly key: string;
  readonly id: string;
  readonly changed: Date;
}

export class Bucket {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor({ endpoint, region, bucket, ...credentials }: BucketOptions) {
    this.#bucket = bucket;
    this.#client = new S3Client({
      ...(endpoint !== undefined && { endpoint }),
      region,
      credentials,
      forcePathStyle: true,
      // Downloads that are read slowly hold theirs; so there are many.
      requestHandler: {
        connectionTimeout: 3_000,
        requestTimeout: 30_000,
        httpAgent: { maxSockets: 1_000 },
        httpsAgent: { maxSockets: 1_000 },
      },
      // Servers other than Amazon's do not know these yet.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** Asks for one name, and whether it is the bucket that answers. */
  async look(signal: AbortSignal): Promise<boolean> {
    const page = await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 }), { abortSignal: signal });
    return page.Name !== undefined || page.KeyCount !== undefined;
  }

  async get(key: string, range?: Range): Promise<Readable> {
    const Range = range && `bytes=${range.first}-${range.last}`;
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key, Range })).catch(gone);
    if (!(Body instanceof Readable)) throw new Error('the S3 server sent no body');
    return Body;
  }

  async size(key: string): Promise<number | undefined> {
    const found = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key })).catch(missing);
    return found?.ContentLength;
  }

  async put(key: string, bytes: readonly Uint8Array[]): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: Buffer.concat(bytes) }));
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })).catch(missing);
  }

  async *list(prefix = ''): AsyncIterable<{ readonly key: string; readonly changed: Date }> {
    let token: string | undefined;
    do {
      const page = await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }));
      for (const { Key, LastModified } of page.Contents ?? [])
        if (Key !== undefined) yield { key: Key, changed: LastModified ?? new Date() };
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async begin(key: string): Promise<string> {
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand({ Bucket: this.#bucket, Key: key }));
    if (UploadId === undefined) throw new Error('the S3 server gave the upload no id');
    return UploadId;
  }

  async part({ key, upload, number, bytes }: Part): Promise<string> {
    const command = new UploadPartCommand({
      Bucket: this.#bucket,
      Key: key,
      UploadId: upload,
      PartNumber: number,
      Body: Buffer.concat(bytes),
    });
    const { ETag } = await this.#client.send(command).catch(gone);
    if (ETag === undefined) throw new Error('the S3 server gave the part no tag');
    return ETag;
  }

  async complete(key: string, upload: string, parts: readonly string[]): Promise<void> {
    const Parts = parts.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.#bucket,
      Key: key,
      UploadId: upload,
      MultipartUpload: { Parts },
    });
    await this.#client.send(command).catch(gone);
  }

  async abort(key: string, upload: string): Promise<void> {
    await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: key, UploadId: upload })).catch(missing);
  }

  /** Those that have not come to their end. */
  async uploads(prefix: string): Promise<readonly Upload[]> {
    const all: Upload[] = [];
    let from: { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined } | undefined = {};
    while (from !== undefined) {
      const page: ListMultipartUploadsCommandOutput = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: prefix, ...from }),
      );
      for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
        if (Key !== undefined && UploadId !== undefined) all.push({ key: Key, id: UploadId, changed: Initiated ?? new Date() });
      from = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
    }
    return all;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.$metadata.httpStatusCode === 404 || error.name === 'NoSuchUpload');
function gone(error: unknown): never {
  throw isMissing(error) ? new Gone('there are no such bytes', { cause: error }) : error;
}
function missing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
