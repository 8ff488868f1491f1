// A Worker that answers with the memory of a Python that has imported everything.

import { makeSnapshot } from "./python.js";

const snapshot = await makeSnapshot();

export default {
  fetch: () => new Response(snapshot),
};
