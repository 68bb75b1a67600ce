// What this server uses of Amazon's SDK. The build places it in a file of its own: it is a fifth of the server's code, and
// few servers have a bucket.
export {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
export { Upload } from '@aws-sdk/lib-storage';
