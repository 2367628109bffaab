export { program } from './program.ts';
export { lineLog, noLog } from './serve/log.ts';
export { restServer } from './serve/rest-server.ts';
export { resolveSettings, type ServiceSettings, type Settings } from './serve/settings.ts';
export { type RunningService, startService, type World } from './serve/start.ts';
