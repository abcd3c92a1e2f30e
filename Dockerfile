# Two images: `bridge`, and `mock-mq`; and `rehearsal`, for docker-compose.yml alone.
#
#   docker build --target bridge -t bridge .
#
# Pin the bases by digest for production: --build-arg BUILD_IMAGE=...@sha256:... --build-arg RUNTIME_IMAGE=...@sha256:...
# Both must have the same Python at the same place; the first needs a C compiler and venv, the second nothing more.
#
# IBM's MQ client (redistributable, 9.3 or later) is taken into the image
#   from a file:  put it into images/mq-client/ and give --build-arg MQ_CLIENT_SHA256=...
#   from IBM:     --build-arg MQ_CLIENT_VERSION=9.4.4.0 --build-arg MQ_CLIENT_SHA256=...
# Without either the stand-in library is, which is for rehearsals only, and the bridge says so when it starts.
ARG BUILD_IMAGE=docker.io/library/python:3.11-bookworm
ARG RUNTIME_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BUILD_IMAGE} AS build
ARG MQ_CLIENT_VERSION=""
ARG MQ_CLIENT_SHA256=""
ARG MQ_CLIENT_URL=https://public.dhe.ibm.com/ibmdl/export/pub/software/websphere/messaging/mqdev/redist
# pip's own settings, for a build that gets its packages from somewhere else.
ARG PIP_NO_INDEX=""
ARG PIP_FIND_LINKS=""
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY . .
RUN ["python3", "images/mq_client.py", "images/mq-client", "/opt/mqm"]
RUN ["python3", "images/install.py", "build", "/opt/build"]
RUN ["/opt/build/bin/python", "images/install.py", "bridge", "/opt/bridge"]
RUN ["/opt/build/bin/python", "images/install.py", "mock-mq", "/opt/mock-mq"]

FROM build AS build-rehearsal
ARG PIP_NO_INDEX=""
ARG PIP_FIND_LINKS=""
RUN ["/opt/build/bin/python", "images/install.py", "rehearsal", "/opt/rehearsal"]

FROM ${RUNTIME_IMAGE} AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TMPDIR=/run/bridge HOME=/run/bridge
# The one place that is written to: key repositories, for their owner alone.
COPY --from=build --chown=10001:10001 /opt/writable/bridge/run /run
VOLUME /run/bridge
STOPSIGNAL SIGTERM
USER 10001:10001

FROM base AS mock-mq
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mock-mq" \
      org.opencontainers.image.description="A queue manager that speaks IBM MQ's client protocol, for tests and rehearsals" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/mock-mq/bin:/usr/local/bin:/usr/bin:/bin
COPY --from=build /opt/mock-mq /opt/mock-mq
EXPOSE 1414
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["mock-mq", "ping"]
ENTRYPOINT ["mock-mq"]
CMD ["serve", "--host", "0.0.0.0"]

FROM base AS rehearsal
ENV PATH=/opt/rehearsal/bin:/usr/local/bin:/usr/bin:/bin
COPY --from=build-rehearsal /opt/rehearsal /opt/rehearsal
COPY --from=build --chown=10001:10001 /opt/writable/rehearsal /
VOLUME /certs
WORKDIR /opt/rehearsal
HEALTHCHECK NONE
CMD ["python", "-m", "examples.rehearsal"]

# The last, so that it is what is built without --target.
FROM base AS bridge
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bridge" \
      org.opencontainers.image.description="Moves messages between IBM MQ and Amazon SNS/SQS without losing one" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# Both bindings ask the loader for IBM's client by name; it writes its own traces and errors to the data path.
ENV PATH=/opt/bridge/bin:/usr/local/bin:/usr/bin:/bin \
    LD_LIBRARY_PATH=/opt/mqm/lib64 \
    MQ_OVERRIDE_DATA_PATH=/run/bridge/mqm
COPY --from=build /opt/mqm /opt/mqm
COPY --from=build /opt/bridge /opt/bridge
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["bridge", "health"]
ENTRYPOINT ["bridge"]
CMD ["run"]
