/** The other end for trackers that ask others: HTTP on port 8080, both families. */
import { createServer } from 'node:http';

createServer((_, response) => response.end('far')).listen(8080, '::', () => console.log('ready'));
