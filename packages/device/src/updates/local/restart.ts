import { systemdClientService } from '../../provisioning/client-service.ts';
import { clientUnitVariable } from '../../provisioning/utility.ts';
import type { Voice } from './voice.ts';

/** The client registers anew, so that the service hears of the new software; it does not wait for us, nor we for it. */
export async function restartClient(env: Readonly<Record<string, string | undefined>>, voice: Voice): Promise<void> {
  const unit = env[clientUnitVariable];
  if (!unit) return;
  const started = await systemdClientService(unit).restart();
  if (started.state === 'failed') voice.info(`${unit} was not restarted: ${started.reason}`);
  else voice.debug(`${unit}: ${started.state}`);
}
