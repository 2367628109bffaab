import type { Examination } from '../doctor/examination.ts';
import type { Result, Verdict } from '../doctor/ladder.ts';
import { command, type Session, text } from './session.ts';
import { serviceOption } from './store-access.ts';

export const doctor = command({
  name: 'doctor',
  summary: 'Find out what stands between the device and Device Management.',
  description: `Looks at one thing after the other, from the device's name to its registration, and names the first that is broken and how to mend it. With names of certificates, those are looked at too. Nothing is changed, on the device or here; a host key that is seen for the first time is not remembered.`,
  positionals: [
    { name: 'dev_cert_name', metavar: 'CERT', count: '?', help: 'Name of the developer certificate.' },
    { name: 'update_cert_name', metavar: 'UPDATE-CERT', count: '?', help: 'Name of the update certificate.' },
  ],
  options: [serviceOption],
  examples: [
    { run: 'mbl-cli doctor my-cert my-update-cert', does: 'looks at everything' },
    { run: 'mbl-cli -a 192.0.2.7 doctor', does: 'looks at the way to a device and at the service' },
  ],
  exitCodes: { 255: 'something is broken' },
  async run(session, values) {
    const { lookUpLocations } = await import('../stores/locations.ts');
    const { TeamStore } = await import('../stores/team-store.ts');
    const { UserStore } = await import('../stores/user-store.ts');
    const places = await lookUpLocations(session.home);
    const examined: Examination = {
      home: session.home,
      signal: session.signal,
      now: () => session.clock.now(),
      team: new TeamStore(places.team),
      user: new UserStore(places.user),
      names: { developer: text(values.dev_cert_name), update: text(values.update_cert_name) },
    };
    try {
      const verdict = await examine(session, examined, text(values.service));
      return report(session, verdict);
    } finally {
      examined.client?.close();
      await examined.connection?.close();
      examined.socket?.destroy();
    }
  },
});

async function examine(session: Session, examined: Examination, service: string | undefined): Promise<Verdict> {
  const { climb } = await import('../doctor/ladder.ts');
  const { deviceRungs } = await import('../doctor/device-rungs.ts');
  const { clockRung } = await import('../doctor/clock-rung.ts');
  const certificates = await import('../doctor/certificate-rungs.ts');
  const { serviceRung, chainRung } = await import('../doctor/service-rungs.ts');
  const { clientRungs } = await import('../doctor/client-rungs.ts');
  const { unlessInterrupted } = await import('../interrupted.ts');
  const { address, alias, acceptNewHostKey } = session.globals;
  await certificates.readCertificates(examined);
  const rungs = [
    ...deviceRungs(examined, {
      target: session.target,
      named: address ? "given with '-a'" : alias ? "given with '-c'" : "as 'mbl-cli which' shows",
      login: await session.login(),
      acceptNewHostKey,
    }),
    certificates.keyPairRung(examined),
    chainRung(examined),
    clockRung(examined),
    serviceRung(examined, session, service),
    certificates.updateCertificateRung(examined),
    certificates.idsRung(examined),
    ...clientRungs(examined),
  ];
  return unlessInterrupted(
    session.signal,
    climb(rungs, (result) => session.output.line(rungLine(result))),
  );
}

const rungLine = ({ state, name, says }: Result) =>
  `${state.padEnd(15)} ${name.padEnd(19)} ${says.replace(/\s*\n\s*/g, ' ')}`;

function report({ output, exit }: Session, { rungs, firstBroken }: Verdict): unknown {
  output.line();
  if (!firstBroken) {
    const open = rungs.filter(({ state }) => state !== 'ok').length;
    output.line(open === 0 ? 'Every rung holds.' : 'Every rung that was looked at holds.');
    return { ok: true, rungs };
  }
  exit(255);
  output.line(`First broken rung: ${firstBroken.name}. ${firstBroken.says}`);
  if (firstBroken.mend) output.line(firstBroken.mend);
  return { ok: false, firstBroken: firstBroken.name, mend: firstBroken.mend, rungs };
}
