import { isMooringError, type Timers } from '@mooring/platform';
import type { CommandContext, Values } from '@mooring/terminal';
import { sdkAccess } from './access.ts';
import { sdkDialect } from './dialect.ts';
import { interruptedWith, leftText, UpdateJob } from './job.ts';
import { namesOf } from './names.ts';
import { prepareUpdate, requireFiles } from './prepare.ts';
import { updateLog } from './update-log.ts';

/** @throws MooringError `update.*`, `create.*`, `signing.*`, `rest.*`, `manifest.argument` */
export async function updatePrepare(context: CommandContext, values: Values, timers: Timers): Promise<unknown> {
  await requireFiles(context, 'manifest-tool update prepare', values);
  const [apiKey, caFingerprint] = [values.api_key, values.ca_fingerprint] as (string | undefined)[];
  const access = await sdkAccess(context, { apiKey, caFingerprint });
  const job = new UpdateJob(context, { access, dialect: sdkDialect, program: 'manifest-tool/1.4.8', timers });
  const log = updateLog(context, values, 'manifesttool.prepare', job.progress.line, access.url);
  const names = namesOf(values, context.clock.now(), log.info);
  try {
    return await prepareUpdate(job, context, values, names, { log });
  } catch (error) {
    job.progress.line.clear();
    const left = await job.cleanUp(false, ({ kind }) => kind === 'image' && log.info('Deleted the firmware image'));
    if (context.signal.aborted) throw interruptedWith(left);
    if (left.length > 0) log.critical(leftText(left) ?? '');
    if (!isMooringError(error) || context.json) throw error;
    log.failure(error);
    context.exit(error.exitCode ?? 1);
    return undefined;
  } finally {
    job.close();
  }
}
