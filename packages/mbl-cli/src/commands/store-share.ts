import { command } from './session.ts';

export const storeShare = command({
  name: 'store share',
  summary: 'Give the Team Store to a group of this machine.',
  description: `Sets group and permissions of the Team Store so that every member of GROUP can use it: folders drwxrws---, files and private keys rw-r-----. The store remembers this: whatever mbl-cli writes there from now on, by whichever member, is for the group. The members name the folder as "team" in their own ~/.mbl-stores.json.`,
  options: [
    { flags: ['--group'], name: 'group', metavar: 'GROUP', help: 'A group that you are in.', required: true },
    {
      flags: ['--read-only'],
      name: 'read_only',
      help: 'Members can use the certificates, but neither add nor delete any: folders drwxr-s---. The mbl-cli of Arm cannot read such a store.',
    },
  ],
  examples: [{ run: 'mbl-cli store share --group iot', does: 'lets the group iot use and change the store' }],
  async run(session, values) {
    const { openStores } = await import('../stores/stores.ts');
    const { shareStore } = await import('../stores/share.ts');
    const { systemGroups } = await import('../stores/groups.ts');
    const { user, team } = await openStores(session.home);
    const shared = await shareStore(
      team,
      { group: String(values.group), write: values.read_only !== true },
      { groups: systemGroups, privateFolder: user.folder, home: session.home },
    );
    const { output } = session;
    const { name } = shared.group;
    output.line(`The Team Store ${team.folder} is shared with the group ${name} (${shared.mode.toString(8)}).`);
    for (const path of shared.foreign) {
      output.note(`Warning: ${path} belongs to another user; its permissions are as they were.`);
    }
    if (shared.barrier !== undefined) {
      output.note(
        `Warning: the group cannot get to it through ${shared.barrier}. Move the store to a place that all can reach ('mbl-cli store move PATH'), or let others pass that folder (chmod o+x).`,
      );
    }
    return {
      folder: team.folder,
      group: name,
      access: values.read_only === true ? 'read' : 'read-write',
      mode: shared.mode.toString(8),
      reachable: shared.barrier === undefined,
      ...(shared.barrier === undefined ? {} : { barrier: shared.barrier }),
      foreign: shared.foreign,
    };
  },
});
