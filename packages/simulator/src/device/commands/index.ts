import type { DeviceCommand } from '../shell/job.ts';
import { cd, command, env, exit, exportVariables, failure, pwd, sh, success, umask, unset, which } from './builtins.ts';
import { df, du, ls, readlink, stat } from './listing.ts';
import { scp } from './scp.ts';
import { date, hostname, id, reboot, sleep, sync, systemctl, uname, whoami } from './system.ts';
import { test } from './test.ts';
import { cat, echo, grep, head, printf, tail, tee, wc } from './text.ts';
import { chmod, cp, mkdir, mv, rm, rmdir, touch } from './tree.ts';

/** The commands of the virtual device, by the name in its system folders. */
export const commands: ReadonlyMap<string, DeviceCommand> = new Map<string, DeviceCommand>([
  [':', success],
  ['[', test],
  ['ash', sh],
  ['cat', cat],
  ['cd', cd],
  ['chmod', chmod],
  ['command', command],
  ['cp', cp],
  ['date', date],
  ['df', df],
  ['du', du],
  ['echo', echo],
  ['env', env],
  ['exit', exit],
  ['export', exportVariables],
  ['false', failure],
  ['grep', grep],
  ['head', head],
  ['hostname', hostname],
  ['id', id],
  ['ls', ls],
  ['mkdir', mkdir],
  ['mv', mv],
  ['printf', printf],
  ['pwd', pwd],
  ['readlink', readlink],
  ['reboot', reboot],
  ['rm', rm],
  ['rmdir', rmdir],
  ['scp', scp],
  ['sh', sh],
  ['sleep', sleep],
  ['stat', stat],
  ['sync', sync],
  ['systemctl', systemctl],
  ['tail', tail],
  ['tee', tee],
  ['test', test],
  ['touch', touch],
  // Nothing here is ended by a signal.
  ['trap', success],
  ['true', success],
  ['type', which],
  ['umask', umask],
  ['uname', uname],
  ['unset', unset],
  ['wc', wc],
  ['which', which],
  ['whoami', whoami],
]);
