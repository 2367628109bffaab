/** The variables of the developer credentials file, in its order. */
export const developerVariableNames = [
  'MBED_CLOUD_DEV_BOOTSTRAP_ENDPOINT_NAME',
  'MBED_CLOUD_DEV_ACCOUNT_ID',
  'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_URI',
  'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE',
  'MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE',
  'MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE',
  'MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY',
  'MBED_CLOUD_DEV_MANUFACTURER',
  'MBED_CLOUD_DEV_MODEL_NUMBER',
  'MBED_CLOUD_DEV_SERIAL_NUMBER',
  'MBED_CLOUD_DEV_DEVICE_TYPE',
  'MBED_CLOUD_DEV_HARDWARE_VERSION',
  'MBED_CLOUD_DEV_MEMORY_TOTAL_KB',
] as const;

/** The variables of update_default_resources.c as manifest-tool 1.x writes it, in its order. */
export const updateVariableNames = [
  'arm_uc_vendor_id',
  'arm_uc_class_id',
  'arm_uc_default_fingerprint',
  'arm_uc_default_subject_key_identifier',
  'arm_uc_default_certificate',
  'arm_uc_default_psk',
  'arm_uc_default_psk_id',
] as const;

export type DeveloperVariableName = (typeof developerVariableNames)[number];
export type UpdateVariableName = (typeof updateVariableNames)[number];

export const developerPrefix = 'MBED_CLOUD_DEV_';
export const updatePrefix = 'arm_uc_';
