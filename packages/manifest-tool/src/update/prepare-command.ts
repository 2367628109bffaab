import type { Timers } from '@mooring/platform';
import type { Command } from '@mooring/terminal';
import { updateOptions, whereTheServiceIs } from './options.ts';

export const updatePrepareCommand = (timers: Timers): Command => ({
  name: 'update prepare',
  summary: 'Upload a firmware image and a manifest for it, for an update campaign of your own.',
  description: `Uploads a firmware image, makes a signed manifest for it as \`manifest-tool create\` does, and uploads that. If the manifest cannot be made or uploaded, the image is removed from the service again.

${whereTheServiceIs}`,
  options: updateOptions,
  examples: [
    { run: 'manifest-tool update prepare -p payload.swu', does: 'uploads both and prints the id of the manifest' },
  ],
  exitCodes: { 130: 'Ctrl-C: what the command had made on the service is removed, or named.' },
  async run(context, values) {
    const { updatePrepare } = await import('./prepare-only.ts');
    return await updatePrepare(context, values, timers);
  },
});
