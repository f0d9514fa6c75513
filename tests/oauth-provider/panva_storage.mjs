// What oidc-provider keeps, in memory. It outlives a provider that is made anew with other keys.
const now = () => Math.floor(Date.now() / 1000);

// oidc-provider itself does not look whether an access token has expired.
const isThere = (payload) => payload && (payload.exp ?? Infinity) > now();

export class Storage {
    constructor() {
        this.models = new Map();
    }

    of(model) {
        if (!this.models.has(model)) this.models.set(model, new Map());
        return this.models.get(model);
    }

    living(model) {
        return [...this.of(model).values()].filter((payload) => !payload.consumed && isThere(payload));
    }

    // The class that oidc-provider makes one object of for each model.
    adapter() {
        const storage = this;
        return class {
            constructor(model) {
                this.all = storage.of(model);
            }

            async upsert(id, payload) {
                this.all.set(id, payload);
            }

            async find(id) {
                return isThere(this.all.get(id)) ? this.all.get(id) : undefined;
            }

            async findByUid(uid) {
                return [...this.all.values()].find((one) => one.uid === uid);
            }

            async findByUserCode(userCode) {
                return [...this.all.values()].find((one) => one.userCode === userCode);
            }

            async consume(id) {
                this.all.get(id).consumed = now();
            }

            async destroy(id) {
                this.all.delete(id);
            }

            async revokeByGrantId(grantId) {
                for (const [id, one] of this.all) if (one.grantId === grantId) this.all.delete(id);
            }
        };
    }
}
