// Loaded into n8n before everything else: this process takes itself for the machine that MACHINE_NAME names.
const os = require('node:os');

const name = process.env.MACHINE_NAME;
if (name) os.hostname = () => name;
