using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "bare", worker = .bare),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:$port", http = (), service = "bare")],
);

const bare :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "$date",
  compatibilityFlags = ["enable_request_signal"],
  bindings = [(name = "UPSTREAM", text = "http://$upstream")],
  globalOutbound = "internet",
);
