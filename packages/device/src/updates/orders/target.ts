import type { Board } from '../board/board.ts';
import type { InstallRequest, Pending } from '../installer/installer.ts';
import type { Failure, Outcome } from '../journal/records.ts';
import type { Software } from '../software.ts';

/** What runs on a device, and what became of its last update. */
export interface Installation {
  readonly running: Software | undefined;
  readonly last: Outcome | undefined;
}

/** Who installs for the client: a board, or what plays one. */
export interface UpdateTarget {
  /** Where images are downloaded to, and the order is kept that is being worked on. */
  readonly folder: string;
  /** ms in which new software has to reach its service. */
  readonly confirmWithin: number;
  /** Once, at the start. */
  recover(): Promise<Pending>;
  installation(): Promise<Installation>;
  /** @throws MooringError where it failed; the old software runs on */
  install(request: InstallRequest): Promise<Pending>;
  confirm(): Promise<void>;
  giveUp(failure: Failure): Promise<Pending>;
  reported(): Promise<void>;
  /** Applications run from here on; what went wrong, a line each. */
  startApplications(): Promise<string[]>;
  /** Ends this program, or the system. */
  restart(what: 'agent' | 'device'): Promise<void>;
  /** Bytes that are free; by default what the file system says. */
  free?(folder: string): Promise<number>;
}

/** @param restart ends this program, or the system */
export function boardTarget(board: Board, folder: string, restart: UpdateTarget['restart']): UpdateTarget {
  return {
    folder,
    confirmWithin: board.settings.confirmWithin,
    recover: () => board.use((installer) => installer.recover()),
    installation: () =>
      board.use(async (installer) => ({ running: await installer.running(), last: installer.state.last })),
    install: (request) => board.use((installer) => installer.install(request)),
    confirm: () => board.use((installer) => installer.confirm()),
    giveUp: (failure) => board.use((installer) => installer.giveUp(failure)),
    reported: () => board.use((installer) => installer.reported()),
    startApplications: () => board.startApplications(),
    restart,
  };
}
