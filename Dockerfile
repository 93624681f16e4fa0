FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 FINANCEBOT_DATA=/data
RUN useradd --system --uid 1000 --home-dir /app financebot && mkdir /data && chown financebot /data
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY . .
USER financebot
EXPOSE 8000
CMD ["gunicorn", "financebot.wsgi:application", "--config", "deploy/gunicorn.conf.py"]
