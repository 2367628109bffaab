import { ensureDirectory } from '@mooring/platform';
import { storeLocations } from './locations.ts';
import { TeamStore } from './team-store.ts';
import { UserStore } from './user-store.ts';

export interface Stores {
  user: UserStore;
  team: TeamStore;
}

/** Opens both stores and makes what is missing: the file with their places, user drwx------, team drwxrw----. */
export async function openStores(home: string): Promise<Stores> {
  const places = await storeLocations(home);
  await ensureDirectory(places.user, 0o700);
  await ensureDirectory(places.team, 0o760);
  return { user: new UserStore(places.user), team: new TeamStore(places.team) };
}
