# The page on an x86-64 processor, and nothing but the page: no tests, no corpus, no compiler, a user without rights.
#
#     docker build -t article-spheres .
#     docker run --rm -p 7860:7860 --read-only --tmpfs /tmp --cap-drop ALL article-spheres
#
# Behind a password: -e SPHERES_AUTH=user:password. With a head of your own: -v FOLDER:/app/artifacts:ro. Whatever is
# written lies in /tmp, and a model fetched from the Hub in /tmp/huggingface.
FROM python:3.11-slim

RUN useradd --uid 10001 --no-create-home --home-dir /tmp spheres
WORKDIR /app
COPY requirements/lock.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
        --require-hashes -r requirements/lock.txt --extra-index-url https://download.pytorch.org/whl/cpu

COPY LICENSE app.py ./
COPY spheres ./spheres
COPY artifacts/all-MiniLM-L6-v2 ./artifacts/all-MiniLM-L6-v2
RUN python -m compileall -q app.py spheres

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    XDG_CACHE_HOME=/tmp/cache \
    HF_HOME=/tmp/huggingface \
    MPLCONFIGDIR=/tmp/matplotlib \
    GRADIO_TEMP_DIR=/tmp/visitors
USER 10001:10001
EXPOSE 7860
# Whatever proxy there is, it is not asked for this machine's own page.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", \
         "from urllib.request import *; build_opener(ProxyHandler({})).open('http://127.0.0.1:7860/', timeout=4)"]
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
