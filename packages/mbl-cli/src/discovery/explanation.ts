import type { Search } from './browse.ts';
import { unusableInterfaces } from './interfaces.ts';
import type { LinkReport } from './links.ts';
import type { Heard } from './records.ts';

/** What `--explain` tells of a search: for `--json`, and as lines. */
export interface Explanation {
  links: (LinkReport & { announcements: Heard[] })[];
  /** Heard by way of an interface that could not be told. */
  elsewhere: Heard[];
  leftOut: { interface: string; why: string }[];
}

export async function explain({ links, heard }: Search): Promise<Explanation> {
  const familyOf = (sender: string) => (sender.includes(':') ? 'IPv6' : 'IPv4');
  const belongs = (link: LinkReport, { zone, sender }: Heard) =>
    link.interface === zone && link.family === familyOf(sender);
  return {
    links: links.map((link) => ({ ...link, announcements: heard.filter((one) => belongs(link, one)) })),
    elsewhere: heard.filter((one) => !links.some((link) => belongs(link, one))),
    leftOut: await unusableInterfaces(),
  };
}

const reasons: Readonly<Record<Exclude<Heard['verdict'], 'device'>, string>> = {
  'no key mblos': 'dropped: its TXT record lacks the key mblos, so it is no Mbed Linux OS device',
  'no TXT record': 'dropped: it did not answer for its TXT record',
  'no SRV record': 'dropped: it did not answer for its SRV record, which has the port',
  goodbye: 'dropped: it said goodbye',
};

export function explanationLines({ links, elsewhere, leftOut }: Explanation): string[] {
  return [
    ...links.flatMap((link) => [linkLine(link), ...link.announcements.map(announcementLine)]),
    ...(elsewhere.length > 0 ? ['By way of an interface that could not be told:'] : []),
    ...elsewhere.map(announcementLine),
    ...leftOut.map((one) => `${one.interface}: left out, ${one.why}`),
  ];
}

function linkLine({ interface: name, family, address, state, trouble, asked, heard, damaged }: LinkReport): string {
  const because = trouble === undefined ? '' : ` (${trouble})`;
  const place = `${name} ${family} from ${address}`;
  if (state === 'failed') return `${place}: could not be opened${because}`;
  const notes = [
    `asked ${times(asked)}`,
    heard === 0 ? 'heard nothing' : `heard ${counted(heard, 'answer')}`,
    ...(damaged > 0 ? [`dropped ${counted(damaged, 'packet')} that ${damaged === 1 ? 'is' : 'are'} no DNS`] : []),
    ...(state === 'own port' ? ['another program keeps port 5353 for itself, so announcements are not heard'] : []),
    ...(state === 'gone' ? ['went away'] : []),
    ...(state === 'open' && trouble !== undefined ? [`trouble: ${trouble}`] : []),
  ];
  return `${place}: ${notes.join(', ')}`;
}

function announcementLine({ name, sender, verdict, addresses }: Heard): string {
  const what = verdict === 'device' ? `a device, at ${addresses.join(', ')}` : reasons[verdict];
  return `  ${name} from ${sender}: ${what}`;
}

const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
