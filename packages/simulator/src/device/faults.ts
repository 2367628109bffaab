/**
 * What goes wrong on purpose. The object may be changed while the device runs: the next operation sees it.
 */
export interface Faults {
  /** Device folders that refuse every change, as a partition mounted read-only does. */
  readOnly?: readonly string[];
  /** How many more bytes may be written below a device folder before "No space left on device". */
  freeSpace?: Record<string, number>;
  /** The connection is cut after this many more bytes of uploaded file content, whatever the protocol. */
  dropAfterUploadBytes?: number;
  /** The SFTP subsystem is refused, as on an image without openssh-sftp-server. */
  noSftp?: boolean;
  /** Device programs that are not there, by path: `/opt/arm/pelion-provisioning-util`. */
  missingPrograms?: readonly string[];
  /** How long a restart takes, in ms; 200 if absent. */
  restartTime?: number;
  /** The clock of the device is this much ahead (or behind, if negative), in ms. */
  clockOffset?: number;
}
