# caascan in an image that holds nothing but the binary and the certificates of the TLS roots.
#
#   docker build -t caascan .
#   mkdir -m 777 data && docker run --rm --network host -v "$PWD/data:/data" caascan scan names.txt --out scan-2026-11-21
#
# With --network host the packets leave as they are; through Docker's bridge each query costs an entry in the connection table and
# may get another port (docs/operations.md, step 4).

FROM golang:1.26 AS build
WORKDIR /src
COPY . .
# With .git there: the commit is stamped into the binary, and from there into every manifest.json.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build make build && mkdir /empty

FROM scratch
LABEL org.opencontainers.image.title="caascan" \
      org.opencontainers.image.description="Measures which certification authorities may issue for domains (CAA)" \
      org.opencontainers.image.source="https://github.com/caascan/caascan" \
      org.opencontainers.image.documentation="https://github.com/caascan/caascan/blob/main/docs/operations.md"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/bin/caascan /caascan
COPY --from=build --chown=65532:65532 /empty /data
# Parts on their way to an object store are there until they are complete.
COPY --from=build --chown=65532:65532 /empty /tmp
USER 65532:65532
WORKDIR /data
VOLUME /data
# What has not been answered yet is not asked again, what is finished is written; give it time (docker stop -t 300).
STOPSIGNAL SIGTERM
ENTRYPOINT ["/caascan"]
CMD ["--help"]
