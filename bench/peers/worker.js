// The least that a Worker can do: send each request on. What any other costs beyond it is its own.
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(env.UPSTREAM + pathname + search, request), { signal: request.signal });
  },
};
