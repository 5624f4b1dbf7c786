"""Serve verified ONNX files over REST and gRPC.

    python examples/serve/serve.py model.onnx

The same as `keras-acts serve model.onnx`, from Python. Install "keras-acts[serve]" in
an environment of its own: no backend of Keras is needed there. Ask it with

    curl localhost:8080/v2/models/model
    python examples/serve/ask.py model
"""

from __future__ import annotations

import argparse

from keras_acts.serving import Settings, serve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("models", nargs="+", help="verified .onnx files, or folders")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--grpc-port", type=int, default=8081)
    options = parser.parse_args()
    settings = Settings.of(
        options.models,
        port=options.port,  # of REST, and of the metrics at /metrics
        grpc_port=options.grpc_port,
        host="127.0.0.1",  # this machine alone
        max_batch=32,  # rows of requests that wait and then share a run
        max_queue=256,  # requests that wait; the next are told to come again
        max_request_mb=16,
        watch=1.0,  # seconds until a new version of a file answers
    )
    serve(settings)  # until SIGTERM; what is under way is answered before it ends


if __name__ == "__main__":
    main()
