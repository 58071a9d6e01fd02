@rem `exec` for Windows, where package.json's start script would not find it; see scripts/start.mjs.
@%*
