import type { CommandContext } from '@mooring/terminal';

/** Said below a link where no page opens it. */
export async function noteWithoutPortal({ output }: CommandContext): Promise<void> {
  const { portalFolder } = await import('../serve/portal-folder.ts');
  if (portalFolder() !== undefined) return;
  output.note('This version has no portal to open it: send what stands behind # to POST /v3/portal/links/redeem.');
}
