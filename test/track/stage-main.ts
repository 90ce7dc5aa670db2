/** Tests one tracker, in the network namespace that it is started in: `stage-main.ts NAME`. Reports in lines of JSON. */
import { addressStage, linkStage, routeStage } from './kernel-stages.ts';
import { httpStage, pingStage, tcpStage } from './network-stages.ts';
import { execStage, processStage } from './process-stages.ts';
import { Tests } from './stage.ts';

const STAGES: Readonly<Record<string, (tests: Tests) => Promise<void>>> = {
  ...{ link: linkStage, route: routeStage, address: addressStage },
  ...{ tcp: tcpStage, http: httpStage, ping: pingStage },
  ...{ process: processStage, exec: execStage },
};

const tests = new Tests();
await STAGES[process.argv[2]!]!(tests);
await tests.run();
process.exit();
