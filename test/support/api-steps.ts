export { photos } from './api-client.ts';
