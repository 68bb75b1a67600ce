// Loaded before the server: at SIGUSR2 it throws an error that is not caught, of the kind in THROW_LATER.
const faults = {
  exception: () => {
    throw new Error('a fault of the test');
  },
  rejection: () => void Promise.reject(new Error('a fault of the test')),
  again: () => {
    setInterval(() => {
      throw new Error('a fault of the test');
    }, 1);
  },
};

process.on('SIGUSR2', () => setTimeout(faults[process.env.THROW_LATER], 0));
