// Real peers from Maven Central, each in a folder of its own below `.interop/` in the checkout.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missing } from './missing.ts';
import { installing, peerFolder } from './place.ts';

const project = (dependencies: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>peers</groupId>
  <artifactId>peer</artifactId>
  <version>1</version>
  <dependencies>${dependencies}</dependencies>
</project>
`;

/**
 * @param coordinates `group:artifact:version`
 * @returns the class path of the artifacts with all that they need; or that and why nothing is tested with them
 */
export function mavenPeer(name: string, ...coordinates: string[]): { classPath: string } | string {
  const absent = missing(['java', 'javac', 'mvn'], 'default-jdk-headless maven');
  if (absent !== false) return absent;
  const found = peerFolder(name, (folder) => {
    const dependencies = coordinates.map((each) => {
      const [group, artifact, version] = each.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
    });
    writeFileSync(join(folder, 'pom.xml'), project(dependencies.join('')));
    installing('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`], folder);
    rmSync(join(folder, 'target'), { recursive: true, force: true });
  });
  return typeof found === 'string' ? found : { classPath: join(found.folder, 'lib', '*') };
}
