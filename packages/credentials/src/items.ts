import type { DeveloperVariableName, UpdateVariableName } from './variable-names.ts';

export type ItemType = 'config' | 'certificate' | 'private-key';

/** An item of the device's secure storage, by the name that the client libraries give it. */
export interface Item {
  name: string;
  /** config: bytes or text without terminator; certificate and private key: DER */
  type: ItemType;
  /** The C variable, and so the .bin file, that it is provisioned from. */
  source?: DeveloperVariableName | UpdateVariableName;
}

const config = (name: string, source?: Item['source']): Item => ({ name, type: 'config', ...(source && { source }) });
const certificate = (name: string, source?: Item['source']): Item => ({ ...config(name, source), type: 'certificate' });
const privateKey = (name: string, source?: Item['source']): Item => ({ ...config(name, source), type: 'private-key' });

/** Set to 1 (4 bytes little endian) by provisioning: the device asks the bootstrap server for its credentials. */
const useBootstrap = config('mbed.UseBootstrap');

/** The 15 items that provisioning stores. */
export const provisioningItems: readonly Item[] = [
  config('mbed.EndpointName', 'MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME'),
  config('mbed.BootstrapServerURI', 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI'),
  certificate('mbed.BootstrapDeviceCert', 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE'),
  certificate('mbed.BootstrapServerCACert', 'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE'),
  privateKey('mbed.BootstrapDevicePrivateKey', 'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY'),
  config('mbed.Manufacturer', 'MBED_CLOUD_DEV_MANUFACTURER'),
  config('mbed.ModelNumber', 'MBED_CLOUD_DEV_MODEL_NUMBER'),
  config('mbed.SerialNumber', 'MBED_CLOUD_DEV_SERIAL_NUMBER'),
  config('mbed.DeviceType', 'MBED_CLOUD_DEV_DEVICE_TYPE'),
  config('mbed.HardwareVersion', 'MBED_CLOUD_DEV_HARDWARE_VERSION'),
  config('mbed.MemoryTotalKB', 'MBED_CLOUD_DEV_MEMORY_TOTAL_KB'),
  certificate('mbed.UpdateAuthCert', 'arm_uc_default_certificate'),
  config('mbed.VendorId', 'arm_uc_vendor_id'),
  config('mbed.ClassId', 'arm_uc_class_id'),
  useBootstrap,
];

/**
 * What a device got from the service that it was provisioned for before. None of it may outlive a new provisioning:
 * the device would go on talking to the old service.
 */
export const lwm2mCredentialItems: readonly Item[] = [
  config('mbed.LwM2MServerURI'),
  certificate('mbed.LwM2MServerCACert'),
  config('mbed.LwM2MServerCRL'),
  certificate('mbed.LwM2MDeviceCert'),
  privateKey('mbed.LwM2MDevicePrivateKey'),
  config('mbed.InternalEndpoint'),
  config('sslsession'),
];

/** Every item that the client libraries know by a fixed name. */
export const items: readonly Item[] = [
  ...provisioningItems,
  ...lwm2mCredentialItems,
  config('mbed.AccountID', 'MBED_CLOUD_DEV_ACCOUNT_ID'),
  config('mbed.FirstToClaim'),
  config('mbed.CurrentTime'),
  config('mbed.Timezone'),
  config('mbed.UTCOffset'),
  config('mbed.SoftwareVersion'),
  config('mbed.BootstrapServerCRL'),
  config('FOTA_MANIFEST_KEY'),
  config('FOTA_ENCRYPT_KEY'),
  config('FOTA_RESULT'),
];
