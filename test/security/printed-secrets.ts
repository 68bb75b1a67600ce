// node --import tsx test/security/printed-secrets.ts <folder>: looks through what test runs printed and ends with 1 when
// a secret stands in it.
import { complaintsAbout } from '../support/secrets-of-tests.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Which folder?');
const complaints = await complaintsAbout(folder);
process.stdout.write(complaints.length === 0 ? 'none\n' : `${complaints.join('\n')}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;
