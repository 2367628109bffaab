import type { FirmwareImage as ImageBody, UploadJob as JobBody, UploadChunkInfo, UploadJobReq } from '@mooring/rest';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { formConventions, namesOf, streamedForm } from '../../http/form.ts';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import { invalidFields } from '../../http/validation.ts';
import type { Domain } from '../../storage/context.ts';
import { linkUrl } from '../downloads/links.ts';
import {
  createFirmwareImage,
  deleteFirmwareImage,
  discardUpload,
  type FirmwareImage,
  firmwareImageFilters,
  getFirmwareImage,
  listFirmwareImages,
  takeFile,
} from './image.ts';
import {
  addChunk,
  createUploadJob,
  deleteUploadJob,
  getChunk,
  getUploadJob,
  listChunks,
  listUploadJobs,
  type UploadChunk,
  type UploadJob,
  updateUploadJob,
  uploadChunkFilters,
  uploadJobFilters,
} from './upload-job.ts';

const tag = 'Firmware images';
const base = '/v3/firmware-images';
const jobs = `${base}/upload-jobs`;
const ofJob = { upload_job_id: 'Id of the upload job.' };
type OfJob = { Params: { upload_job_id: string } };

export function imageRoutes(app: FastifyInstance, domain: Domain): void {
  const imageBody = (image: FirmwareImage): ImageBody => ({
    object: 'firmware-image',
    id: image.id,
    etag: fineTimeText(image.updated_at),
    name: image.name,
    description: image.description ?? '',
    datafile: linkUrl(domain, 'image', image.link, image.file_name),
    short_datafile: linkUrl(domain, 'image', image.link),
    datafile_checksum: image.checksum,
    datafile_size: image.size,
    datafile_expires_at: image.expires_at === null ? null : fineTimeText(image.expires_at),
    created_at: fineTimeText(image.created_at),
    updated_at: fineTimeText(image.updated_at),
  });

  app.get(
    base,
    operation({
      id: 'Firmware_Image_list',
      tag,
      summary: 'The firmware images of the account.',
      permission: 'firmware:read',
      answer: 'FirmwareImagePage',
      list: firmwareImageFilters,
    }),
    async (request) =>
      listBody(
        await listFirmwareImages(domain, request.actor, listQueryOf(request.url, firmwareImageFilters)),
        imageBody,
      ),
  );

  app.register(async (forms) => {
    await formConventions(forms, Number.POSITIVE_INFINITY, 5);
    forms.post(
      base,
      operation({
        id: 'Firmware_Image_create',
        tag,
        summary: 'Upload a firmware image in one request.',
        description:
          'It goes to the disk as it comes. Larger ones are better uploaded in chunks: what has come of them stays.',
        permission: 'firmware:write',
        rawBody: 'FirmwareImageForm',
        upload: true,
        status: 201,
        answer: 'FirmwareImage',
        errors: [413],
      }),
      async (request, reply) => {
        const { fields, taken } = await streamedForm(request, 'datafile', (source, fileName) =>
          takeFile(domain, source, fileName),
        );
        if (!taken) throw invalidFields([{ name: 'datafile', message: 'Is required.' }]);
        let names: ReturnType<typeof namesOf>;
        try {
          names = namesOf(fields);
        } catch (error) {
          await discardUpload(domain, taken);
          throw error;
        }
        reply.code(201);
        return imageBody(await createFirmwareImage(domain, request.actor, taken, names));
      },
    );
  });

  for (const [method, id, summary] of [
    ['get', 'Firmware_Image_retrieve', 'A firmware image.'],
    ['delete', 'Firmware_Image_destroy', 'Delete a firmware image that no running campaign delivers; its link ends.'],
  ] as const) {
    app[method]<{ Params: { image_id: string } }>(
      `${base}/:image_id`,
      operation({
        id,
        tag,
        summary,
        permission: method === 'get' ? 'firmware:read' : 'firmware:write',
        path: { image_id: 'Id of the image.' },
        ...(method === 'get' ? { answer: 'FirmwareImage', errors: [404] } : { status: 204, errors: [404, 409] }),
      }),
      async (request, reply) => {
        if (method === 'get') return imageBody(await getFirmwareImage(domain, request.actor, request.params.image_id));
        await deleteFirmwareImage(domain, request.actor, request.params.image_id);
        reply.code(204);
        return undefined;
      },
    );
  }

  jobRoutes(app, domain);
}

const jobBody = (job: UploadJob): JobBody => ({
  object: 'upload-job',
  id: job.id,
  etag: fineTimeText(job.updated_at),
  name: job.name,
  description: job.description ?? '',
  status: job.status,
  complete: job.status === 'complete',
  firmware_image_id: job.firmware_image_id,
  created_at: fineTimeText(job.created_at),
  updated_at: fineTimeText(job.updated_at),
});

const chunkBody = (chunk: UploadChunk): UploadChunkInfo => ({
  object: 'upload-info',
  id: chunk.number,
  etag: fineTimeText(chunk.created_at),
  upload_job_id: chunk.job_id,
  length: chunk.length,
  hash: chunk.hash,
  created_at: fineTimeText(chunk.created_at),
  updated_at: fineTimeText(chunk.created_at),
});

function jobRoutes(app: FastifyInstance, domain: Domain): void {
  app.get(
    jobs,
    operation({
      id: 'Upload_Job_List',
      tag,
      summary: 'The upload jobs of the account.',
      permission: 'firmware:read',
      answer: 'UploadJobPage',
      list: uploadJobFilters,
    }),
    async (request) =>
      listBody(await listUploadJobs(domain, request.actor, listQueryOf(request.url, uploadJobFilters)), jobBody),
  );

  app.post<{ Body: UploadJobReq }>(
    jobs,
    operation({
      id: 'Upload_Job_Create',
      tag,
      summary: 'Begin the upload of a firmware image in chunks.',
      permission: 'firmware:write',
      body: 'UploadJobReq',
      bodyOptional: true,
      status: 201,
      answer: 'UploadJob',
    }),
    async (request, reply) => {
      reply.code(201);
      return jobBody(await createUploadJob(domain, request.actor, request.body));
    },
  );

  app.get<OfJob>(
    `${jobs}/:upload_job_id`,
    operation({
      id: 'Upload_Job_Retrieve',
      tag,
      summary: 'An upload job.',
      permission: 'firmware:read',
      path: ofJob,
      answer: 'UploadJob',
      errors: [404],
    }),
    async (request) => jobBody(await getUploadJob(domain, request.actor, request.params.upload_job_id)),
  );

  app.put<OfJob & { Body: UploadJobReq }>(
    `${jobs}/:upload_job_id`,
    operation({
      id: 'Upload_Job_Update',
      tag,
      summary: 'Change the name or the description of an upload job.',
      permission: 'firmware:write',
      path: ofJob,
      body: 'UploadJobReq',
      answer: 'UploadJob',
      errors: [404],
    }),
    async (request) =>
      jobBody(await updateUploadJob(domain, request.actor, request.params.upload_job_id, request.body)),
  );

  app.delete<OfJob>(
    `${jobs}/:upload_job_id`,
    operation({
      id: 'Upload_Job_Delete',
      tag,
      summary: 'Delete an upload job; an image that was made of it stays.',
      permission: 'firmware:write',
      path: ofJob,
      status: 204,
      errors: [404],
    }),
    async (request, reply) => {
      await deleteUploadJob(domain, request.actor, request.params.upload_job_id);
      reply.code(204);
    },
  );

  app.get<OfJob>(
    `${jobs}/:upload_job_id/chunks`,
    operation({
      id: 'Upload_Job_Chunk_List',
      tag,
      summary: 'The chunks of an upload job.',
      permission: 'firmware:read',
      path: ofJob,
      answer: 'UploadChunkInfoPage',
      list: uploadChunkFilters,
      errors: [404],
    }),
    async (request) => {
      const query = listQueryOf(request.url, uploadChunkFilters);
      return listBody(await listChunks(domain, request.actor, request.params.upload_job_id, query), chunkBody);
    },
  );

  app.get<{ Params: { upload_job_id: string; chunk_id: string } }>(
    `${jobs}/:upload_job_id/chunks/:chunk_id`,
    operation({
      id: 'Upload_Job_Chunk_retreive',
      tag,
      summary: 'A chunk of an upload job.',
      permission: 'firmware:read',
      path: { ...ofJob, chunk_id: 'Number of the chunk.' },
      answer: 'UploadChunkInfo',
      errors: [404],
    }),
    async ({ actor, params }) => chunkBody(await getChunk(domain, actor, params.upload_job_id, params.chunk_id)),
  );

  app.register(async (bytes) => {
    bytes.removeAllContentTypeParsers();
    bytes.addContentTypeParser('*', async (_: FastifyRequest, payload: AsyncIterable<Uint8Array>) => payload);
    bytes.post<OfJob & { Body: AsyncIterable<Uint8Array> | undefined }>(
      `${jobs}/:upload_job_id/chunks`,
      operation({
        id: 'Upload_Job_Chunk_Create',
        tag,
        summary: 'Append a chunk: the bytes as they are. One without bytes makes the image.',
        description:
          'With the header `Content-MD5` (Base64) a chunk that was damaged on its way is refused. With `Content-Range: bytes FIRST-LAST/*` one whose answer was lost can be sent again.',
        permission: 'firmware:write',
        path: ofJob,
        upload: true,
        status: 201,
        answer: 'UploadChunkInfo',
        errors: [400, 404, 409, 413],
      }),
      async (request, reply) => {
        const md5 = request.headers['content-md5'];
        const range = request.headers['content-range'];
        reply.code(201);
        const chunk = await addChunk(domain, request.actor, request.params.upload_job_id, {
          source: request.body ?? noBytes(),
          ...(typeof md5 === 'string' && md5.trim() !== '' ? { md5: md5.trim() } : {}),
          ...(range === undefined ? {} : { start: startOf(range) }),
        });
        return chunkBody(chunk);
      },
    );
  });
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

function startOf(range: string): number {
  const start = /^bytes (\d{1,15})-\d{1,15}\/(\*|\d{1,15})$/.exec(range.trim())?.[1];
  if (start !== undefined) return Number(start);
  throw invalidFields([{ name: 'Content-Range', message: 'Has to be of the form bytes FIRST-LAST/*.' }]);
}
