// Faults that a test asks for: each happens to the next requests of one endpoint.
export const DROP = Symbol("close the connection");
export const HANG = Symbol("never answer");

export class Faults {
    constructor() {
        this.clear();
    }

    clear() {
        this.waiting = [];
    }

    add(fault) {
        this.waiting.push({ times: 1, ...fault });
    }

    async around(endpoint, entry, forward) {
        return forward();
    }

    redirect(location) {
        return location;
    }
}
