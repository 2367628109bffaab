// Runs inside the SDK's own process: users, groups and invitations of mbed-cloud-sdk, both of its layers. Prints one JSON
// object of what came back. Environment: SDK (its folder), HTTP, HTTPS, KEY.
'use strict';
const sdk = require(process.env.SDK);
const { HTTP: http, HTTPS: https, KEY: apiKey } = process.env;

async function legacy() {
  const accounts = new sdk.AccountManagementApi({ apiKey, host: http });
  const groups = (await accounts.listGroups()).data;
  const developers = groups.find(({ name }) => name === 'Developers');
  const made = await accounts.addUser({ email: 'js-legacy@example.com', fullName: 'Legacy', groups: [developers.id] });
  const read = await accounts.getUser(made.id);
  const changed = await accounts.updateUser({ id: made.id, email: made.email, phoneNumber: '+358 2' });
  const listed = await accounts.listUsers({ filter: { email: 'js-legacy@example.com' } });
  await accounts.deleteUser(made.id);
  const after = await accounts.listUsers();
  return {
    groups: groups.map(({ name }) => name).sort(),
    made: [made.email, made.fullName, made.status, made.groups.length],
    read: read.email,
    changed: [changed.phoneNumber, changed.fullName],
    listed: listed.data.map(({ email }) => email),
    after: after.data.length,
  };
}

async function repositories() {
  const factory = new sdk.SDK({ apiKey, host: https }).foundation();
  const users = factory.userRepository();
  const groups = factory.policyGroupRepository();
  const invitations = factory.userInvitationRepository();
  const group = await groups.create({ name: 'js-group' });
  const renamed = await groups.update({ name: 'js-group-2' }, group.id);
  const made = await users.create({ email: 'js-user@example.com', fullName: 'Repository', groups: [group.id] });
  const changed = await users.update({ fullName: 'Changed' }, made.id);
  const inside = await groups.users(group.id).all();
  const its = await users.policyGroups(made.id).all();
  const found = await users
    .list({ filter: { email: { eq: 'JS-user@example.com' }, status: { in: ['RESET', 'ACTIVE'] } } })
    .all();
  const invitation = await invitations.create({ email: 'js-invited@example.com', validForDays: 7, groups: [group.id] });
  const invited = await invitations.read(invitation.id);
  const open = await invitations.list().all();
  const count = await users.list().totalCount();
  await invitations.delete(invitation.id);
  await users.delete(made.id);
  await groups.delete(group.id);
  const left = await groups.list().all();
  return {
    renamed: renamed.name,
    changed: changed.fullName,
    inside: inside.map(({ email }) => email),
    its: its.map(({ name }) => name),
    found: found.map(({ email }) => email),
    invited: [invited.email, invited.userId === invitation.userId],
    open: open.length,
    count,
    left: left.map(({ name }) => name).sort(),
  };
}

(async () => {
  process.stdout.write(JSON.stringify(process.env.PART === 'legacy' ? await legacy() : await repositories()));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n${JSON.stringify(error, null, 1)}\n`);
  process.exit(1);
});
