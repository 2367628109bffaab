/*
 * The tables of firmware updates; kept as those of schema.ts are.
 */
import type { UpdateCampaign } from '@mooring/rest';

export interface FirmwareImagesTable {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  /** Its bytes, in the blobs. */
  blob: string;
  /** What cannot be guessed of its address. */
  link: string;
  file_name: string;
  /** SHA-256, lower-case hexadecimal. */
  checksum: string;
  size: number;
  /** Until when the link is good where no campaign needs it. */
  expires_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface UploadJobsTable {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  status: 'in_progress' | 'complete' | 'failed';
  /** Bytes of the chunks so far; what its blob has besides was never acknowledged. */
  size: number;
  firmware_image_id: string | null;
  created_at: number;
  updated_at: number;
}

export interface UploadChunksTable {
  account_id: string;
  job_id: string;
  /** From 1. */
  number: number;
  length: number;
  /** MD5, Base64; empty where the client gave none. */
  hash: string;
  created_at: number;
}

export interface FirmwareManifestsTable {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  /** DER. */
  data: Uint8Array;
  size: number;
  link: string;
  key_table: Uint8Array | null;
  schema_version: '1' | '3';
  /** UUID with dashes; null for devices of any. */
  device_class: string | null;
  device_vendor: string | null;
  /** The version of schema 1, where it is a time. */
  timestamp: number | null;
  priority: number | null;
  component: string | null;
  payload_version: string | null;
  payload_uri: string | null;
  /** SHA-256 of what is downloaded, lower-case hexadecimal. */
  payload_digest: string | null;
  payload_size: number | null;
  payload_type: 'full' | 'delta' | null;
  /** SHA-256 of what the device has afterwards. */
  installed_digest: string | null;
  precursor_digest: string | null;
  /** SHA-256 of the certificate that it is signed with, where that is known. */
  signed_by: string | null;
  created_at: number;
  updated_at: number;
}

export interface UpdateCertificatesTable {
  id: string;
  account_id: string;
  name: string;
  /** DER. */
  certificate: Uint8Array;
  /** SHA-256, lower-case hexadecimal. */
  fingerprint: string;
  not_after: number;
  created_at: number;
  updated_at: number;
}

export interface UpdateCampaignsTable {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  device_filter: string;
  root_manifest_id: string | null;
  strategy: 'one-shot' | 'continuous';
  state: UpdateCampaign['state'];
  phase: UpdateCampaign['phase'];
  /** `when`. */
  start_at: number | null;
  /** 0 or 1. */
  approval_required: number;
  approved_at: number | null;
  /** 0 or 1. */
  autostop: number;
  autostop_percent: number;
  failure_percent: number | null;
  stop_reason: string | null;
  waves_json: string | null;
  /** The wave that has begun last, from 1; 0 before. */
  wave: number;
  /** When the next one begins. */
  wave_at: number | null;
  pending_count: number;
  success_count: number;
  failed_count: number;
  skipped_count: number;
  started_at: number | null;
  starting_at: number | null;
  active_at: number | null;
  stopping_at: number | null;
  stopped_at: number | null;
  archived_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface CampaignDevicesTable {
  id: string;
  account_id: string;
  campaign_id: string;
  device_id: string;
  /** `writing`: the manifest may be on the device or not. */
  progress: 'waiting' | 'writing' | 'delivered' | 'done';
  status: 'pending' | 'success' | 'failed' | 'skipped';
  /** What was heard of it last: `UPD4_FAIL_101`. */
  event_type: string;
  reason_code: string | null;
  /** What the sentence of the reason names. */
  reason_detail: string | null;
  wave: number;
  /** Manifests that were written, or may have been. */
  attempts: number;
  /** The last State that the device told. */
  told_state: number | null;
  /** The Result that it had before the manifest was written. */
  before_result: number | null;
  created_at: number;
  updated_at: number;
}

/** What is known of how a device can be updated, and for how long. */
export interface DeviceUpdateFactsTable {
  device_id: string;
  account_id: string;
  /** `/10255/0/0`. */
  protocol: number | null;
  /** Manifest schemas that it takes: `1`, `3`, `1 3`; empty where it said nothing. */
  schemas: string;
  client: 'mbl' | 'pelion' | 'mooring' | 'unknown';
  /** SHA-256 of its update certificate, lower-case hexadecimal. */
  fingerprint: string | null;
  not_after: number | null;
  /** `device` told it; `manifest`: it took one that was signed with it. */
  source: 'device' | 'manifest' | null;
  updated_at: number;
}

export interface UpdateSchema {
  firmware_images: FirmwareImagesTable;
  upload_jobs: UploadJobsTable;
  upload_chunks: UploadChunksTable;
  firmware_manifests: FirmwareManifestsTable;
  update_certificates: UpdateCertificatesTable;
  update_campaigns: UpdateCampaignsTable;
  campaign_devices: CampaignDevicesTable;
  device_update_facts: DeviceUpdateFactsTable;
}
