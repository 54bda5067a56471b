// tally.mjs <vitest JSON report> [failed step…]
// Ends a CI run with the line "N passed, N failed". A test file that does not load counts as one failure; where no test
// failed, each failed step does. Succeeds only when tests ran, nothing failed and nothing was skipped.
import { existsSync, readFileSync } from "node:fs";

const [path, ...steps] = process.argv.slice(2);
const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
const report = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : none;

const passed = report.numPassedTests;
const skipped = report.numPendingTests + report.numTodoTests;
const broken = report.testResults.filter(
  (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
);
const failed = report.numFailedTests + broken.length || steps.length;

for (const file of broken) console.error(`did not run: ${file.name}: ${file.message}`);
for (const step of steps) console.error(`failed: ${step}`);
if (skipped > 0) console.error(`skipped tests: ${skipped}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 && skipped === 0 ? 0 : 1;
