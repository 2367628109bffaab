import type { TestContext } from 'node:test';
import { Project, usualTime } from './project.ts';

/** A second after `usualTime`, for commands that shall not find the manifest in their future. */
export const later = '2019-09-30T10:57:04Z';

/** A project as `init` makes it, with fw.bin and a manifest for it. */
export async function projectWithManifest(t: TestContext): Promise<Project> {
  const project = new Project(t);
  project.writeIdentity('update');
  project.write('fw.bin', 'firmware');
  await project.run(['init', '-d', 'arm.com', '-m', 'dev-device', '-q', '-c', 'update.der', '-k', 'update.key.pem']);
  await project.run(['create', '-p', 'fw.bin', '-u', 'http://example.com/fw.bin', '-o', 'fw.manifest'], {
    time: usualTime,
  });
  return project;
}

/** A project with a config for schema v3 and a manifest that was made from it. */
export async function projectWithManifestV3(t: TestContext, config: Record<string, unknown> = {}): Promise<Project> {
  const project = new Project(t);
  project.writeIdentity('update');
  project.write('fw.bin', 'firmware');
  project.write('c.json', JSON.stringify(configOf(config)));
  await project.run(['create', '-c', 'c.json', '-k', 'update.key.pem', '-v', '1.2.3', '-o', 'fw.manifest']);
  return project;
}

export const configOf = (more: Record<string, unknown> = {}) => ({
  vendor: { domain: 'arm.com' },
  device: { 'model-name': 'dev-device' },
  priority: 1,
  payload: { url: 'http://example.com/fw.bin', 'file-path': 'fw.bin', format: 'raw-binary' },
  ...more,
});
