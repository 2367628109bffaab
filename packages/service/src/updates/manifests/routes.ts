import type { FirmwareManifest as ManifestBody } from '@mooring/rest';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { filesOf, formConventions, namesOf } from '../../http/form.ts';
import { listBody, listQueryOf } from '../../http/list-request.ts';
import { operation } from '../../http/operation.ts';
import { fineTimeText } from '../../http/time-text.ts';
import { invalidFields } from '../../http/validation.ts';
import type { Domain } from '../../storage/context.ts';
import { linkUrl } from '../downloads/links.ts';
import { plainManifest } from './describe.ts';
import {
  createFirmwareManifest,
  deleteFirmwareManifest,
  type FirmwareManifest,
  firmwareManifestFilters,
  getFirmwareManifest,
  listFirmwareManifests,
} from './manifest.ts';

const tag = 'Update manifests';
const base = '/v3/firmware-manifests';

/** Of a table of pre-shared keys; a manifest has its own limit. */
const largestFile = 4 * 1024 * 1024;

export function manifestRoutes(app: FastifyInstance, domain: Domain): void {
  const manifestBody = (manifest: FirmwareManifest): ManifestBody => ({
    object: 'firmware-manifest',
    id: manifest.id,
    etag: fineTimeText(manifest.updated_at),
    name: manifest.name,
    description: manifest.description ?? '',
    datafile: linkUrl(domain, 'manifest', manifest.link),
    datafile_size: manifest.size,
    key_table: manifest.key_table === null ? null : linkUrl(domain, 'keyTable', manifest.link),
    manifest_schema_version: manifest.schema_version,
    device_class: manifest.device_class,
    device_vendor: manifest.device_vendor,
    timestamp: manifest.timestamp === null ? null : fineTimeText(manifest.timestamp),
    update_priority: manifest.priority,
    component_name: manifest.component,
    payload_version: manifest.payload_version,
    delivered_payload_url: manifest.payload_uri,
    delivered_payload_digest: manifest.payload_digest,
    delivered_payload_size: manifest.payload_size,
    delivered_payload_type: manifest.payload_type,
    precursor_payload_digest: manifest.precursor_digest,
    signed_by: manifest.signed_by,
    parsed_raw_manifest: plainManifest(manifest.data),
    created_at: fineTimeText(manifest.created_at),
    updated_at: fineTimeText(manifest.updated_at),
  });

  app.get(
    base,
    operation({
      id: 'Firmware_Manifest_list',
      tag,
      summary: 'The update manifests of the account.',
      permission: 'firmware:read',
      answer: 'FirmwareManifestPage',
      list: firmwareManifestFilters,
    }),
    async ({ actor, url }) =>
      listBody(await listFirmwareManifests(domain, actor, listQueryOf(url, firmwareManifestFilters)), manifestBody),
  );

  app.register(async (forms) => {
    await formConventions(forms, largestFile, 5);
    forms.post(
      base,
      operation({
        id: 'Firmware_Manifest_create',
        tag,
        summary: 'Upload an update manifest, schema 1 or 3, of at most 2048 bytes.',
        permission: 'firmware:write',
        rawBody: 'FirmwareManifestForm',
        status: 201,
        answer: 'FirmwareManifest',
      }),
      async (request, reply) => {
        reply.code(201);
        return manifestBody(await createFirmwareManifest(domain, request.actor, await inputOf(request)));
      },
    );
  });

  app.get<{ Params: { manifest_id: string } }>(
    `${base}/:manifest_id`,
    operation({
      id: 'Firmware_Manifest_retrieve',
      tag,
      summary: 'An update manifest.',
      permission: 'firmware:read',
      path: { manifest_id: 'Id of the manifest.' },
      answer: 'FirmwareManifest',
      errors: [404],
    }),
    async ({ actor, params }) => manifestBody(await getFirmwareManifest(domain, actor, params.manifest_id)),
  );

  app.delete<{ Params: { manifest_id: string } }>(
    `${base}/:manifest_id`,
    operation({
      id: 'Firmware_Manifest_destroy',
      tag,
      summary: 'Delete an update manifest that no running campaign sends.',
      permission: 'firmware:write',
      path: { manifest_id: 'Id of the manifest.' },
      status: 204,
      errors: [404, 409],
    }),
    async (request, reply) => {
      await deleteFirmwareManifest(domain, request.actor, request.params.manifest_id);
      reply.code(204);
    },
  );
}

async function inputOf(request: FastifyRequest) {
  const { fields, files } = await filesOf(request, ['datafile', 'key_table']);
  const datafile = files.get('datafile');
  if (!datafile) throw invalidFields([{ name: 'datafile', message: 'Is required.' }]);
  const keyTable = files.get('key_table');
  return {
    ...namesOf(fields),
    data: datafile.bytes,
    fileName: datafile.fileName,
    ...(keyTable === undefined || keyTable.bytes.length === 0 ? {} : { keyTable: keyTable.bytes }),
  };
}
