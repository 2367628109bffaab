import { provisionErrors } from '../errors.ts';
import { command } from './session.ts';

export const getPelionStatus = command({
  name: 'get-pelion-status',
  summary: 'Ask the device whether it is configured for Device Management.',
  description: 'Runs the check of the provisioning program on the device and shows its verdict.',
  examples: [{ run: 'mbl-cli get-pelion-status', does: 'shows whether the selected device is configured' }],
  async run(session) {
    const { run, complaint, succeeded } = await import('../ssh/remote-command.ts');
    const { provisioningProgram } = await import('../provisioning/on-device.ts');
    const result = await session.onDevice((connection) =>
      run(connection, `${provisioningProgram} --get-pelion-status`, { signal: session.signal }),
    );
    const said = result.stdout.toString('utf8');
    if (!succeeded(result)) {
      const reason = complaint(result);
      throw provisionErrors('provision.status.failed', {
        message:
          'Your device is not correctly configured for Pelion Device Management. You must provision your device using the provision-pelion command.',
        next: `The device says: ${reason}`,
        data: { ...result.exit, reason },
      });
    }
    session.output.line(said);
    return { configured: true, text: said.trim() };
  },
});
