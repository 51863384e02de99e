"""Stand-in workloads: what the lab runs in place of an app container, which cannot run there.

A stand-in serves its container's ports with the right protocols, answers its probes, makes the downstream calls of the
call graph, and passes on `baggage` and `traceparent` exactly where the real image does. What it does is data
(`behaviour`), not code; `breakage` has the versions that are broken on purpose. It is started inside the pod's own
network namespace, with the container's environment:

    python -m lab.standins --behaviour FILE --workload APPLICATION/NAME --pod POD --version VERSION --services FILE

There is no DNS: the services file says where each name leads, such as `{"cart": "10.96.1.2"}`. It may be replaced
at any time, by a rename. SIGTERM ends a stand-in gracefully, with exit status 0; 1 says that it cannot work.
"""
