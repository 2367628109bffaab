// Runs inside the SDK's own process: every key and certificate call of mbed-cloud-sdk, both of its layers.
// Prints one JSON object of what came back. Environment: SDK (its folder), HTTP, HTTPS, KEY, UPLOADS (JSON of PEM texts).
'use strict';
const sdk = require(process.env.SDK);
const { HTTP: http, HTTPS: https, KEY: apiKey } = process.env;
const uploads = JSON.parse(process.env.UPLOADS);

const failure = (work) =>
  work.then(
    () => 'nothing failed',
    (error) => ({
      name: error.name,
      code: error.code || (error.innerError && error.innerError.status),
      text: error.message,
    })
  );

async function legacy() {
  const account = new sdk.AccountManagementApi({ apiKey, host: http });
  const certificates = new sdk.CertificatesApi({ apiKey, host: http });
  const found = await account.getAccount();
  const updated = await account.updateAccount({ id: found.id, city: 'Turku', displayName: found.displayName });
  const made = await account.addApiKey({ name: 'js-legacy' });
  const read = await account.getApiKey(made.id);
  const me = await account.getApiKey();
  const renamed = await account.updateApiKey({ id: made.id, name: 'js-legacy-2', owner: made.ownerId });
  const keys = await account.listApiKeys({ limit: 2, order: 'DESC', include: ['totalCount'] });
  const byOwner = await account.listApiKeys({ filter: { ownerId: me.id } });
  const all = await account.listApiKeys();
  await account.deleteApiKey(made.id);
  const gone = await failure(account.getApiKey(made.id));

  const developer = await certificates.addDeveloperCertificate({
    name: 'js-legacy-dev',
    description: 'from JavaScript',
  });
  const again = await failure(certificates.addDeveloperCertificate({ name: 'js-legacy-dev' }));
  const uploaded = await certificates.addCertificate({
    name: 'js-legacy-ca',
    type: 'lwm2m',
    certificateData: uploads[0],
    signature: 'c2lnbmF0dXJl',
  });
  const readDeveloper = await certificates.getCertificate(developer.id);
  const readUploaded = await certificates.getCertificate(uploaded.id);
  const developers = await certificates.listCertificates({ filter: { type: 'developer' } });
  const lwm2m = await certificates.listCertificates({ filter: { type: 'lwm2m' } });
  const everything = await certificates.listCertificates({ include: ['totalCount'] });
  const changed = await certificates.updateCertificate({ id: uploaded.id, name: 'js-legacy-ca-2', status: 'INACTIVE' });
  const metadata = await certificates.getLastApiMetadata();
  await certificates.deleteCertificate(uploaded.id);
  await certificates.deleteCertificate(developer.id);
  const refused = await failure(new sdk.AccountManagementApi({ apiKey: 'ak_wrong', host: http }).getAccount());
  return {
    account: {
      id: found.id,
      displayName: found.displayName,
      status: found.status,
      city: updated.city,
      limits: found.limits,
      policies: (found.policies || []).length,
      createdAt: found.createdAt,
    },
    key: { made: made.key.length, read: read.key.length, name: renamed.name, createdAt: read.createdAt },
    keys: { names: keys.data.map((key) => key.name), total: keys.totalCount },
    byOwner: byOwner.data.map((key) => key.name),
    all: all.data.length,
    gone,
    developer: {
      file: developer.headerFile,
      type: readDeveloper.type,
      name: readDeveloper.name,
      same: readDeveloper.headerFile === developer.headerFile,
      key: !!readDeveloper.developerPrivateKey,
    },
    again,
    uploaded: {
      type: readUploaded.type,
      issuer: readUploaded.issuer,
      serverUri: readUploaded.serverUri,
      validity: readUploaded.validity,
    },
    developers: developers.data.map((certificate) => certificate.name),
    lwm2m: lwm2m.data.map((certificate) => certificate.name),
    everything: { names: everything.data.map((certificate) => certificate.name), total: everything.totalCount },
    changed: { name: changed.name, status: changed.status },
    metadata: { status: metadata.statusCode, requestId: metadata.requestId },
    refused,
  };
}

async function repositories() {
  const { foundation } = new sdk.SDK({ apiKey, host: https });
  const factory = foundation();
  const accounts = factory.accountRepository();
  const keys = factory.apiKeyRepository();
  const developers = factory.developerCertificateRepository();
  const trusted = factory.trustedCertificateRepository();
  const servers = factory.serverCredentialsRepository();
  const me = await accounts.me();
  const extended = await accounts.me({ include: 'limits, policies' });
  const made = await keys.create({ name: 'js-repository' });
  const renamed = await keys.update({ name: 'js-repository-2' }, made.id);
  const read = await keys.read(made.id);
  const own = await keys.me();
  const others = [];
  for (const index of [0, 1, 2]) others.push(await keys.create({ name: `js-${index}` }));
  const listed = await keys.list({ pageSize: 2, maxResults: 50, include: ['totalCount'] }).all();
  const count = await keys.list().totalCount();
  const ordered = await keys.list({ order: 'DESC' }).first();
  for (const { id } of [made, ...others]) await keys.delete(id);

  const developer = await developers.create({ name: 'js-repository-dev', description: 'x' });
  const readDeveloper = await developers.read(developer.id);
  const info = await developers.getTrustedCertificateInfo(developer.id);
  const back = await trusted.getDeveloperCertificateInfo(developer.id);
  const again = await failure(developers.create({ name: 'js-repository-dev' }));
  const uploaded = await trusted.create({
    name: 'js-repository-ca',
    certificate: uploads[1],
    service: 'bootstrap',
    enrollmentMode: true,
  });
  const changed = await trusted.update(
    {
      name: 'js-repository-ca-2',
      certificate: uploads[1],
      service: 'bootstrap',
      description: 'y',
      enrollmentMode: true,
      status: 'ACTIVE',
    },
    uploaded.id
  );
  const filters = {};
  for (const [name, filter] of Object.entries({
    developer: { deviceExecutionMode: { eq: 1 } },
    other: { deviceExecutionMode: { neq: 1 } },
    name: { name: { eq: 'js-repository-ca-2' } },
    subject: { subject: { like: 'JAVASCRIPT' } },
    enrollment: { enrollmentMode: { eq: true } },
    valid: { valid: { eq: true } },
    service: { service: { eq: 'lwm2m' } },
    status: { status: { eq: 'ACTIVE' } },
  })) {
    filters[name] = (await trusted.list({ filter }).all()).map((certificate) => certificate.name);
  }
  const bootstrap = await servers.getBootstrap();
  const lwm2m = await servers.getLwm2m();
  await trusted.delete(uploaded.id);
  await developers.delete(developer.id);
  const gone = await failure(developers.read(developer.id));
  return {
    account: {
      id: me.id,
      status: me.status,
      limits: Object.keys(extended.limits || {}).length,
      policies: (extended.policies || []).length,
      createdAt: me.createdAt,
    },
    key: {
      made: made.key.length,
      read: read.key.length,
      renamed: renamed.name,
      own: own.name,
      createdAt: read.createdAt,
    },
    listed: listed.map((key) => key.name),
    count,
    newest: ordered.name,
    developer: {
      file: readDeveloper.securityFileContent,
      certificate: readDeveloper.certificate || readDeveloper.developerCertificate,
      same: readDeveloper.securityFileContent === developer.securityFileContent,
    },
    info: {
      name: info.name,
      isDeveloper: info.isDeveloperCertificate,
      mode: info.deviceExecutionMode,
      valid: info.valid,
      back: back.name,
      validity: info.validity,
    },
    again,
    changed: { name: changed.name, description: changed.description },
    filters,
    bootstrap: bootstrap.serverUri,
    lwm2m: lwm2m.serverUri,
    gone,
  };
}

(async () => {
  const part = process.env.PART === 'legacy' ? await legacy() : await repositories();
  process.stdout.write(JSON.stringify(part));
})().catch((error) => {
  process.stderr.write(`${error.stack}\n${JSON.stringify(error, null, 1)}\n`);
  process.exit(1);
});
