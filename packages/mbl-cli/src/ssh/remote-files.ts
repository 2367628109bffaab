/** How far a copy is, in bytes. */
export type Progress = (done: number, total: number) => void;

export type FileKind = 'file' | 'folder' | 'other';

export interface RemoteEntry {
  kind: FileKind;
  /** Permission bits. */
  mode: number;
  size: number;
}

/**
 * The files of a device. Symbolic links are followed. Failures are MooringErrors `transfer.failed` or
 * `ssh.connection.lost`.
 */
export interface RemoteFiles {
  /** How many requests may be under way at once without hindering each other. */
  readonly atOnce: number;
  /** Undefined if there is nothing. */
  stat(path: string): Promise<RemoteEntry | undefined>;
  /** Names without `.` and `..`. */
  list(path: string): Promise<string[]>;
  /** The path without symbolic links; the path itself where that cannot be told. */
  resolve(path: string): Promise<string>;
  makeFolder(path: string, mode: number): Promise<void>;
  putFile(local: string, remote: string, mode: number, progress: Progress): Promise<void>;
  putData(data: Uint8Array, remote: string, mode: number): Promise<void>;
  getFile(remote: string, local: string, size: number, progress: Progress): Promise<void>;
  /** Takes the place of what is there. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}
