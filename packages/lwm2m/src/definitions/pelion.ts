import { defineObject } from './definition.ts';

/**
 * Pelion's own objects, as its device clients have them. They differ from what OMA's registry says of the same numbers:
 * the manifest is executed, not written, and vendor and class are 16 bytes.
 */
export const pelionObjects = [
  defineObject(10252, 'Firmware Update', '1.0', 'single', [
    [1, 'Package', 'E', 'opaque'],
    [2, 'State', 'R', 'integer'],
    [3, 'UpdateResult', 'R', 'integer'],
    [4, 'CustomerUpdateResult', 'R', 'integer'],
    [5, 'PkgName', 'R', 'string'],
    // Text in clients up to 4.1, a number since; either travels as decimal text when it is read alone.
    [6, 'PkgVersion', 'R', 'integer'],
    [9, 'Update', 'E', 'none'],
  ]),
  defineObject(10255, 'Device Metadata', '1.0', 'single', [
    [0, 'ProtocolSupported', 'R', 'integer'],
    [1, 'BootloaderHash', 'R', 'opaque'],
    [2, 'OEMBootloaderHash', 'R', 'opaque'],
    [3, 'Vendor', 'R', 'opaque'],
    [4, 'Class', 'R', 'opaque'],
    [5, 'DeviceId', 'R', 'opaque'],
  ]),
  defineObject(35011, 'Certificate Enrollment', '1.0', 'single', [[27002, 'Enroll', 'E', 'none']]),
];
