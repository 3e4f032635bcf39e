package kvstore.store;

/**
 * What a simulated disk does wrong, each as the probability that one operation is hit.
 *
 * @param error an operation fails and says so: EIO, ENOSPC, a server that went away; a write may have happened in part
 * @param silent a write is lost, changed, or goes to another place, or a read returns a wrong bit, and nobody is told
 * @param powerLoss the end of the process takes with it what was written last
 */
record SimFaults(double error, double silent, boolean powerLoss) {
    static final SimFaults NONE = new SimFaults(0, 0, false);

    /** The same without anything that goes wrong before the end. */
    SimFaults quiet() {
        return new SimFaults(0, 0, powerLoss);
    }

    /** Whether an end of the process, and nothing else, is what the store has to fear. */
    boolean onlyKills() {
        return error == 0 && silent == 0 && !powerLoss;
    }
}
