/** The client API over HTTP and HTTPS: `client_api = "http"`. */
import type { ApiPlugin } from 'rvrrpd/plugin';
import { ApiService } from './service.ts';

const plugin: ApiPlugin = {
  kind: 'api',
  create: (context) => new ApiService(context),
};

export default plugin;
