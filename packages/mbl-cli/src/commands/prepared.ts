import type { Plan, PlanWorld, Service } from '../provisioning/plan.ts';
import type { Request } from '../provisioning/request.ts';
import type { Supply } from '../provisioning/supply.ts';
import type { TeamStore } from '../stores/team-store.ts';

/** What is to be done, found out before anything is changed. */
export interface Prepared {
  request: Request;
  plan: Plan;
  supply: Supply;
  team: TeamStore;
  service: Service;
}

export type Prepare = (wasBegun?: PlanWorld['wasBegun']) => Promise<Prepared>;

const origins = { create: 'made in the service', service: 'fetched from the service', store: 'from the Team Store' };

/** `the developer certificate 'a' (made in the service) and the update certificate 'b' (from upd.c)` */
export function certificatesOf({ request, plan }: Pick<Prepared, 'request' | 'plan'>): string {
  const update = plan.update.from === 'file' ? `from ${request.updateFile}` : origins.store;
  return `the developer certificate '${request.developer}' (${origins[plan.developer.from]}) and the update certificate '${request.update}' (${update})`;
}
