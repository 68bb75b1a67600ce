// Loaded before the server: at SIGUSR2 it breaks something that nobody catches, as THROW_LATER says.
const faults = {
  exception: () => {
    throw new Error('the moon fell down');
  },
  rejection: () => void Promise.reject(new Error('the moon fell down')),
  again: () => {
    setInterval(() => {
      throw new Error('the moon fell down');
    }, 1);
  },
};

process.on('SIGUSR2', () => setTimeout(faults[process.env.THROW_LATER], 0));
